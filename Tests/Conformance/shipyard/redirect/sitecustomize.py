"""Sends every request for Shipyard's hosts to $WAVETANK_URL. Use: PYTHONPATH=<this folder>.

For clients whose base URL is a literal, such as the scripts of shipyard-api and the GitHub Actions.
"""
import os
import re

import requests

_send = requests.Session.request


def _redirected(self, method, url, *args, **kwargs):
    host = r"^https?://(api|webhooks)\.app\.shipyardapp\.com(:\d+)?(?=/|$)"
    return _send(self, method, re.sub(host, os.environ["WAVETANK_URL"], url), *args, **kwargs)


requests.Session.request = _redirected
