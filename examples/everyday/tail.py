"""Print what happens to the account."""

import itertools
import sys

from binance_wsapi import Client

with Client.from_env() as client:
    events = client.subscribe_user_data_stream()
    print("listening", flush=True)
    for event in itertools.islice(events, int(sys.argv[1]) if len(sys.argv) > 1 else None):
        print(event, flush=True)
