// Fastify with an inspector inside: node examples/fastify/server.mjs [MODEL]
// curl --data-binary @part.png -H "Content-Type: image/png" http://127.0.0.1:3000/inspect
import { Inspector } from "uflow";
import { inspectionApp } from "./app.mjs";

const [model = "uflow-demo/plate.uflow"] = process.argv.slice(2);

const inspector = await Inspector.open(model);
const app = inspectionApp(inspector);
console.log(`Listening on ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await app.close(); // takes no more on, and answers what it took on
    await inspector.close();
  });
}
