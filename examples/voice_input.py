"""Voice input for an application, with nothing but requests: the words of each recording by the service that all
applications share, and by a server of this application's own while the service is away.

    python voice_input.py [model/cn]       then a file name on each line; the end of the input ends it
"""
import json, os, subprocess, sys
import requests

SERVICE = os.environ.get("VOXPOOL_URL", "http://localhost:5000/api")
# What starts an own server; it takes a free port and says which.
OWN = os.environ.get("OWN_VOXPOOL", "npx voxpool") + " serve --json --host 127.0.0.1 --port 0 --log-level error"
# A server has its state directory to itself: an own one needs another than the service. Native parts are kept there.
OWN_STATE = os.environ.get("OWN_STATE_DIR", os.path.join(os.path.expanduser("~"), ".voice-input"))


class Refused(Exception):
    """The server answered, and says why it cannot do it."""


class VoiceInput:
    def __init__(self, model=None):
        self.model, self.session, self.own, self.own_api = model, requests.Session(), None, None

    def initialize(self):
        """Has the model loaded before somebody speaks."""
        print("health:", self.call("GET", "/health")["status"], flush=True)
        if self.model:
            self.call("POST", "/models/load", json={"model_path": self.model})
            status = self.call("GET", f"/models/status/{self.model}")["status"]
            print(f"loaded: {self.model} in {status['load_time']:.1f} s", flush=True)

    def recognise(self, path):
        """The words of a recording. The bytes are read at once, so that they can be sent to either."""
        with open(path, "rb") as audio:
            recording = audio.read()
        options = {"model_path": self.model, "response_format": "json"}
        return self.call("POST", "/transcribe", params=options, data=recording, headers={"Content-Type": "audio/wav"})

    def shutdown(self):
        """Ends an own server. In the service the model stays, for the others."""
        if self.own:
            self.own.terminate()
            self.own.wait()

    def call(self, method, path, **request):
        """Asks the service; if that cannot be reached or has died over it, an own server. Raises Refused."""
        try:
            answer = self.session.request(method, SERVICE + path, timeout=(3, None), **request).json()
            self.served_by = "service"
        except requests.ConnectionError:
            answer = self.session.request(method, self.own_server() + path, **request).json()
            self.served_by = "own server"
        if answer["success"]:
            return answer
        raise Refused(answer["message"])

    def own_server(self):
        """Starts an own server with the first call that needs it; its first output says where it answers."""
        if self.own is None or self.own.poll() is not None:
            self.own = subprocess.Popen([*OWN.split(), "--state-dir", OWN_STATE], stdout=subprocess.PIPE, text=True)
            line = self.own.stdout.readline()
            self.own_api = json.loads(line)["url"] if line else sys.exit("no server could be started")
        return self.own_api


voice = VoiceInput(*sys.argv[1:2])
try:
    voice.initialize()
    for line in sys.stdin:
        # What is wrong with one recording is no reason to end.
        try:
            result = voice.recognise(line.strip())
            print(f"{voice.served_by}: {result['text']}", flush=True)
        except (OSError, Refused) as error:
            print(f"failed: {error}", flush=True)
except Refused as error:
    sys.exit(str(error))
finally:
    voice.shutdown()
