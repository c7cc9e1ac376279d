// Telegram's Bot API as somebody else understands it, on the port given.
const TelegramServer = require("telegram-test-api");

const server = new TelegramServer({ host: "127.0.0.1", port: Number(process.argv[2]), storeTimeout: 3600 });
server.start().then(() => console.log("ready"));
