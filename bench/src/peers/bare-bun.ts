/** Bun's own WebSocket server with native topics and nothing else: the ceiling for any server on this runtime. */

interface Data {
  readonly user: string;
}

const users = new Map<string, Bun.ServerWebSocket<Data>>();

const server = Bun.serve<Data>({
  hostname: '127.0.0.1',
  port: Number(process.env['PORT'] ?? 0),
  // Given a port, several processes listen on it.
  reusePort: process.env['PORT'] !== undefined,
  fetch(request, self) {
    const user = new URL(request.url).searchParams.get('token');
    if (!user) return new Response('who are you?', { status: 401 });
    return self.upgrade(request, { data: { user } }) ? undefined : new Response('a WebSocket, please', { status: 400 });
  },
  websocket: {
    idleTimeout: 90,
    perMessageDeflate: false,
    open(socket) {
      users.set(socket.data.user, socket);
    },
    message(socket, message) {
      const text = String(message);
      if (text[0] === 's') {
        socket.subscribe(text.slice(1));
        socket.send('joined');
        return;
      }
      const space = text.indexOf(' ');
      const name = text.slice(1, space);
      if (text[0] === 'p') server.publish(name, text.slice(space + 1));
      else users.get(name)?.send(text.slice(space + 1));
    },
    close(socket) {
      users.delete(socket.data.user);
    },
  },
});

console.log(`listening on ${server.port}`);
