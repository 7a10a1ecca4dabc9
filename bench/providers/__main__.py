"""Run the simulated providers as a server.

    python -m bench.providers --port 9100
    OPENAI_API_KEY=any OPENAI_BASE_URL=http://127.0.0.1:9100/v1 make run
    ANTHROPIC_API_KEY=any ANTHROPIC_BASE_URL=http://127.0.0.1:9100 make run
    GEMINI_API_KEY=any GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9100 make run

The id of the model says how it behaves: fake-t200-d20-n100-die30 waits 200 ms, sends 100 tokens
20 ms apart, and breaks the connection after the 30th. bench/providers/behaviour.py has all words.
GET /stats tells its own clock of every request by the `mark:<word>` of its question; POST /reset
forgets them. The key "wrong" is refused.
"""

import argparse
import asyncio
import contextlib

from bench.providers.behaviour import Behaviour
from bench.providers.server import Simulator


async def _serve(options: argparse.Namespace) -> None:
    usual = Behaviour(options.first, options.token, options.tokens)
    simulator = Simulator(usual, options.models.split(","))
    server = await simulator.serve(options.host, options.port)
    port = server.sockets[0].getsockname()[1]
    print(f"simulated providers on http://{options.host}:{port}", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100, help="0: any free one")
    parser.add_argument("--first", type=float, default=200, help="ms before the first token")
    parser.add_argument("--token", type=float, default=20, help="ms from one token to the next")
    parser.add_argument("--tokens", type=int, default=100, help="length of an answer")
    parser.add_argument("--models", default="fake-large,fake-small", help="ids that are listed")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
