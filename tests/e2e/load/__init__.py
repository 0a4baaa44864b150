"""A steady stream of requests, and afterwards the account of it: what was acknowledged, and is it there?

    python3 -m load run --base https://api.lifetracker.site/api --ca ca.pem --record record.json   until SIGTERM
    python3 -m load verify --record record.json

Runs in the machine, with nothing but a Python of 3.9 or later. Every log of a day carries a number of its own, so that
the last one acknowledged can be told from all before it; additions are counted, so that one carried out twice shows.
A request that fails is counted and not sent again, but for what every HTTP client does: on a kept connection that was
closed before a byte of answer came it is sent once more, when its method may be repeated.
"""
