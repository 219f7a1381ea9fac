"""Events in an asyncio program, without a thread. As root: `.venv/bin/python examples/asyncio_events.py`."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator

import onlooker


async def events(monitor: onlooker.Monitor) -> AsyncIterator[onlooker.Event]:
    """What the monitor sees, until it is stopped and all of it was given."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    descriptor = monitor.fileno()  # it can be read while there is something to poll, the end too
    loop.add_reader(descriptor, ready.set)
    try:
        while not monitor.ended:
            await ready.wait()
            ready.clear()
            for event in monitor.poll():
                yield event
    finally:
        loop.remove_reader(descriptor)


async def main() -> None:
    """Print them until Ctrl-C."""
    with onlooker.Monitor(events=["exec"]) as monitor:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, monitor.stop)
        async for event in events(monitor):
            print(event)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except onlooker.OnlookerError as error:
        sys.exit(f"{sys.argv[0]}: {error}")
