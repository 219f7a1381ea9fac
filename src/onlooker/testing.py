"""For tests of programs that use onlooker: events that nothing did, and a source of them that needs neither root nor a
kernel.

>>> import onlooker
>>> from onlooker.testing import FakeSource, make
>>> event = make("open", path="/etc/hostname", comm="cat")
>>> with onlooker.Monitor(comm=["cat"], source=FakeSource([event])) as monitor:
...     [seen.path for seen in monitor]
['/etc/hostname']
"""

from .probe.fake import FakeSource
from .records.made import make

__all__ = ["FakeSource", "make"]
