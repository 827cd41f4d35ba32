"""proxy.py PORT SECONDS: listens on a port of its own, which it prints, and gives each answer of
PORT so much later."""
import asyncio
import sys

TARGET, DELAY = int(sys.argv[1]), float(sys.argv[2])


async def copy(reader, writer, delay):
    loop = asyncio.get_running_loop()
    waiting = asyncio.Queue()

    async def write():
        while True:
            moment, data = await waiting.get()
            await asyncio.sleep(max(0, moment - loop.time()))
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()
    writing = asyncio.ensure_future(write())
    try:
        while not reader.at_eof():
            data = await reader.read(65536)
            waiting.put_nowait((loop.time() + delay, data))
        await writing
    except OSError:
        writing.cancel()
        writer.close()


async def serve(reader, writer):
    try:
        above_reader, above_writer = await asyncio.open_connection('127.0.0.1', TARGET)
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, above_writer, 0), copy(above_reader, writer, DELAY))


async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
