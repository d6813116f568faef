# Tickhouse on Debian, with Deno from npm. The stores are servers of their own:
# see compose.yaml and docs/servers.md.
FROM node:24-bookworm-slim

RUN npm install --global deno@2.9.6 && npm cache clean --force
RUN useradd --system --create-home tickhouse \
  && install --directory --owner=tickhouse --group=tickhouse --mode=0700 /data \
  && install --directory --owner=tickhouse --group=tickhouse /app
USER tickhouse
WORKDIR /app
ENV DENO_NO_UPDATE_CHECK=1 DATA_DIR=/data

COPY --chown=tickhouse:tickhouse deno.json deno.lock ./
RUN deno install --frozen
COPY --chown=tickhouse:tickhouse . .
RUN deno cache --frozen main.ts

EXPOSE 8000 9101
VOLUME /data
CMD ["deno", "task", "start"]
