// Express with an inspector inside: node examples/express.mjs [MODEL]
// Express is no dependency of uflow: npm install express. Versions 4 and 5 do.
import { once } from "node:events";
import express from "express";
import { Inspector } from "uflow";
import { answer, untilGone } from "./answer.mjs";

const [model = "uflow-demo/plate.uflow"] = process.argv.slice(2);

const inspector = await Inspector.open(model);
const app = express();
const bytes = express.raw({ type: ["image/*", "application/octet-stream"], limit: "32mb" });

app.post("/inspect", bytes, async (request, response, next) => {
  try {
    const { status, headers, body } = await answer(inspector, request.body, untilGone(response));
    response.status(status).set(headers).json(body);
  } catch (error) {
    next(error);
  }
});

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
await once(server, "listening");
console.log(`Listening on http://127.0.0.1:${server.address().port}`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => server.close(() => inspector.close()));
}
