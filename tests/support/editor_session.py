"""Asks a language server over stdio, as an editor does, what it would offer at places of a file.

    editor_session.py SERVER FOLDER FILE LINE:COLUMN...

Prints for each place (lines and columns from 1, the column is where the cursor stands) one line:
the place, a tab, and the offered names, sorted, with a blank between.
"""
import json
import pathlib
import subprocess
import sys
import threading
import queue

TIMEOUT = 60


class Server:
    def __init__(self, program, folder):
        self.process = subprocess.Popen(
            [program], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        self.incoming = queue.Queue()
        self.last_id = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        stream = self.process.stdout
        while True:
            length = 0
            while (line := stream.readline().strip()):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                self.incoming.put(None)
                return
            self.incoming.put(json.loads(stream.read(length)))

    def _send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def notify(self, method, params):
        self._send({"method": method, "params": params})

    def ask(self, method, params):
        self.last_id += 1
        self._send({"id": self.last_id, "method": method, "params": params})
        while True:
            message = self.incoming.get(timeout=TIMEOUT)
            if message is None:
                sys.exit("the server ended")
            if "method" in message and "id" in message:  # It asks back.
                count = len((message.get("params") or {}).get("items", []))
                self._send({"id": message["id"], "result": [None] * count})
            elif message.get("id") == self.last_id and "method" not in message:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]


def main():
    program, folder, file, *places = sys.argv[1:]
    root = pathlib.Path(folder).resolve()
    path = root / file
    server = Server(program, root)
    server.ask("initialize", {
        "processId": None, "rootUri": root.as_uri(),
        "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
        "capabilities": {"textDocument": {"completion": {"completionItem": {}}}}})
    server.notify("initialized", {})
    document = {"uri": path.as_uri()}
    server.notify("textDocument/didOpen", {"textDocument": {
        **document, "languageId": "lua", "version": 1, "text": path.read_text()}})
    # Completion is empty, not late, until the folder is read; this waits for it.
    server.ask("textDocument/definition", {
        "textDocument": document, "position": {"line": 0, "character": 0}})
    for place in places:
        line, column = (int(part) - 1 for part in place.split(":"))
        answer = server.ask("textDocument/completion", {
            "textDocument": document, "position": {"line": line, "character": column},
            "context": {"triggerKind": 1}})
        items = answer["items"] if isinstance(answer, dict) else answer or []
        print(place + "\t" + " ".join(sorted({item["label"] for item in items})))
    server.ask("shutdown", None)
    server.notify("exit", None)
    server.process.wait(timeout=TIMEOUT)


main()
