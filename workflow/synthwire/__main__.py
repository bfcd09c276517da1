"""python -m synthwire"""

import sys

from synthwire.cli import main

sys.exit(main())
