"""What builds the book and runs the course: nothing here is needed to read a chapter or to use mi_lab."""

import sys

# jsonschema, which reads notebooks, would build a grammar of web addresses at every start: 1.6 s for what nothing here
# asks. It does without where the module is missing.
sys.modules.setdefault("rfc3987_syntax", None)
