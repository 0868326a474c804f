// The `ws` package on Node: rooms in a map of sets, and the heartbeat its documentation recommends.
// Written in JavaScript because the Node version people have may not read TypeScript.

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const HEARTBEAT_MS = 30_000;
const rooms = new Map();
const users = new Map();
const http = createServer();
const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });

http.on('upgrade', (request, socket, head) => {
  const user = new URL(request.url, 'http://localhost').searchParams.get('token');
  if (!user) {
    socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
    return;
  }
  server.handleUpgrade(request, socket, head, (client) => accept(client, user));
});

function accept(client, user) {
  client.isAlive = true;
  client.room = null;
  users.set(user, client);
  client.on('pong', onPong);
  client.on('message', onMessage);
  client.on('error', onError);
  client.on('close', () => {
    users.delete(user);
    rooms.get(client.room)?.delete(client);
  });
}

function onPong() {
  this.isAlive = true;
}

function onError(error) {
  console.error(error.message);
}

function onMessage(data) {
  const text = data.toString();
  if (text[0] === 's') {
    this.room = text.slice(1);
    if (!rooms.has(this.room)) rooms.set(this.room, new Set());
    rooms.get(this.room).add(this);
    this.send('joined');
    return;
  }
  const space = text.indexOf(' ');
  const name = text.slice(1, space);
  // Bytes spare `ws` the encoding of the same text for every member.
  const body = data.subarray(space + 1);
  if (text[0] === 'p') for (const member of rooms.get(name) ?? []) member.send(body, { binary: false });
  else users.get(name)?.send(body, { binary: false });
}

setInterval(() => {
  for (const client of server.clients) {
    if (!client.isAlive) client.terminate();
    client.isAlive = false;
    client.ping();
  }
}, HEARTBEAT_MS);

http.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(`listening on ${http.address().port}`));
