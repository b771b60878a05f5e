"""The two catalogs of this suite, and what the page says for each."""

import json
import os

from documented import Page
from guarded import Guarded

TOLD = json.loads(os.environ["ENGINES"])
OPEN = Page(TOLD["open"]).without_login
LAKE = Guarded(TOLD["url"], TOLD["token_endpoint"])
