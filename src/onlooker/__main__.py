"""`python -m onlooker`."""

import sys

from .cli.main import main

sys.exit(main())
