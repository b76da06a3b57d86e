"""A client that shares: sends its recording, says what came back, and stays, its connection open."""

import http.client
import sys

authority, path, file = sys.argv[1:]
connection = http.client.HTTPConnection(authority)
with open(file, "rb") as recording:
    connection.request("POST", path, recording.read(), {"Content-Type": "audio/wav"})
print(connection.getresponse().read().decode(), flush=True)
sys.stdin.read()
