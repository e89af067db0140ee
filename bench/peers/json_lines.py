"""The peer's side of bench/drivers/json-lines.mjs: a request per line in, an answer per line out."""

import json
import sys
import traceback


def serve(answers):
    """`answers` has a function per value of "do", which takes the rest of the request by name."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = answers[request.pop("do")](**request)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
