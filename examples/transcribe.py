"""Words from a recording, with nothing but requests:  python transcribe.py speech.wav [model/cn]"""
import os, sys
import requests

api = os.environ.get("VOXPOOL_URL", "http://localhost:5000/api")
if len(sys.argv) < 2:
    sys.exit("usage: python transcribe.py RECORDING [MODEL]")
path = sys.argv[1]
model = sys.argv[2] if len(sys.argv) > 2 else None


def call(method, url, **more):
    """One call; every answer says in `success` whether it worked, and in `message` why not."""
    try:
        answer = requests.request(method, api + url, **more).json()
    except requests.RequestException as error:
        sys.exit(f"no voxpool server answers at {api}: {error}")
    return answer if answer["success"] else sys.exit(answer["message"])


print("Models loaded:", call("GET", "/health")["loaded_models_count"])
if model:
    call("POST", "/models/load", json={"model_path": model})
try:
    recording = open(path, "rb")
except OSError as error:
    sys.exit(f"{path}: {error.strerror}")
with recording as audio:
    result = call("POST", "/transcribe", params={"model_path": model}, data=audio, headers={"Content-Type": "audio/wav"})
for segment in result["segments"]:
    print(f"{segment['start']:7.2f} s  {segment['text']}")
