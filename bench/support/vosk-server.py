"""A server of the WebSocket protocol of vosk-server, with the Python package: what voxpool is compared with."""

import asyncio
import concurrent.futures
import json
import os
import sys

import vosk
import websockets

MODEL_PATH, PORT = sys.argv[1], int(sys.argv[2])

vosk.SetLogLevel(-1)
model = vosk.Model(MODEL_PATH)
workers = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1)


def take(recogniser: vosk.KaldiRecognizer, message: bytes | str) -> tuple[str, bool]:
    if isinstance(message, str):
        return recogniser.FinalResult(), True
    if recogniser.AcceptWaveform(message):
        return recogniser.Result(), False
    return recogniser.PartialResult(), False


async def serve(socket: websockets.ServerConnection) -> None:
    rate = 16000.0
    recogniser = None
    loop = asyncio.get_running_loop()
    async for message in socket:
        if isinstance(message, str) and "config" in message:
            rate = float(json.loads(message)["config"]["sample_rate"])
            continue
        if recogniser is None:
            recogniser = vosk.KaldiRecognizer(model, rate)
            recogniser.SetWords(True)
        answer, is_last = await loop.run_in_executor(workers, take, recogniser, message)
        await socket.send(answer)
        if is_last:
            break


async def main() -> None:
    async with websockets.serve(serve, "127.0.0.1", PORT, max_size=1 << 20):
        await asyncio.get_running_loop().create_future()


asyncio.run(main())
