// Socket.IO on Node: WebSocket transport, rooms, and on request its connection state recovery or its Redis adapter.
// Written in JavaScript because the Node version people have may not read TypeScript.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createAdapter } from '@socket.io/redis-adapter';
import { Server } from 'socket.io';

// The Redis client of our own server serves the adapter too.
const { Redis } = createRequire(new URL('../../../packages/server/package.json', import.meta.url))('ioredis');

const http = createServer();
const recovery = process.env.RECOVERY === 'on';
const io = new Server(http, {
  transports: ['websocket'],
  serveClient: false,
  perMessageDeflate: false,
  ...(recovery ? { connectionStateRecovery: { maxDisconnectionDuration: 120_000, skipMiddlewares: true } } : {}),
});

if (process.env.REDIS_URL) {
  const publishing = new Redis(process.env.REDIS_URL);
  io.adapter(createAdapter(publishing, publishing.duplicate()));
}

io.use((socket, next) => {
  const user = socket.handshake.query.token;
  if (!user) return next(new Error('who are you?'));
  socket.data.user = user;
  next();
});

io.on('connection', (socket) => {
  socket.join(`user:${socket.data.user}`);
  socket.on('subscribe', (room, done) => {
    socket.join(room);
    done();
  });
  socket.on('publish', (room, text) => io.to(room).emit('message', text));
  socket.on('presence', (room, status) => io.to(room).emit('presence', socket.data.user, status));
  socket.on('direct', (user, text) => io.to(`user:${user}`).emit('message', text));
});

http.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(`listening on ${http.address().port}`));
