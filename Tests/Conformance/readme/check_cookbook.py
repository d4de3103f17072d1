"""The cookbook and the guides for users, held to what they promise as the README is.

    PYTHONPATH=Tests/Conformance WAVETANK_BINARY=… check_cookbook.py [PAGE [WORD]…]

runs one page, such as COOKBOOK.md, or of it only what has one of these words in its heading.
"""

from check_readme import COOKBOOK, GUIDES, main

if __name__ == "__main__":
    main([*COOKBOOK, *GUIDES])
