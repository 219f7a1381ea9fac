"""A recording as one page for a browser, with all that it needs in it.

`Survey` learns from batches and keeps what the page shows, however many events there are; `contents_of` makes compact
data of that, and `html_page` the page. What they show has gone through `Clean`. What runs in the browser is in
`tools/report/src`, and is bundled at build.
"""

from .clean import Clean
from .contents import contents_of
from .page import Facts, html_page
from .survey import Survey

__all__ = ["Clean", "Facts", "Survey", "contents_of", "html_page"]
