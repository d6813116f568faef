# Tickhouse on Debian, with Deno from npm. The stores are servers of their own:
# see compose.yaml and docs/servers.md.
FROM node:24-bookworm-slim

RUN npm install --global deno@2.9.6 && npm cache clean --force
# By number, as Kubernetes cannot tell from a name that it is not root.
RUN useradd --uid 10001 --create-home tickhouse \
  && install --directory --owner=tickhouse --group=tickhouse --mode=0700 /data \
  && install --directory --owner=tickhouse --group=tickhouse /app
USER 10001
WORKDIR /app
ENV DENO_NO_UPDATE_CHECK=1 DATA_DIR=/data

COPY --chown=tickhouse:tickhouse deno.json deno.lock ./
RUN deno install --frozen
COPY --chown=tickhouse:tickhouse . .
RUN deno cache --frozen main.ts

EXPOSE 8000 9101
VOLUME /data
CMD ["deno", "task", "start"]
