-- What the collector wrote, once a uid and with the highest count. The view fills the table as records come.
CREATE TABLE IF NOT EXISTS otel.nsobserver_events
(
    `Uid` String CODEC(ZSTD(1)),
    `Timestamp` DateTime64(9) CODEC(Delta, ZSTD(1)),
    `Host` LowCardinality(String),
    `Event` LowCardinality(String),
    `Severity` LowCardinality(String),
    `Container` LowCardinality(String),
    `Pod` String CODEC(ZSTD(1)),
    `PodNamespace` LowCardinality(String),
    `Body` String CODEC(ZSTD(1)),
    `Count` UInt64,
    `Attributes` Map(LowCardinality(String), String) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Count)
PARTITION BY toDate(Timestamp)
ORDER BY (Host, Container, Timestamp, Uid)
TTL toDateTime(Timestamp) + INTERVAL 30 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS otel.nsobserver_events_fill TO otel.nsobserver_events AS
SELECT
    LogAttributes['log.record.uid'] AS Uid,
    Timestamp,
    ResourceAttributes['host.name'] AS Host,
    coalesce(nullIf(LogAttributes['nsobserver.event.kind'], ''), 'record') AS Event,
    SeverityText AS Severity,
    LogAttributes['container.name'] AS Container,
    LogAttributes['k8s.pod.name'] AS Pod,
    LogAttributes['k8s.namespace.name'] AS PodNamespace,
    Body,
    toUInt64OrZero(LogAttributes['nsobserver.event.count']) AS Count,
    LogAttributes AS Attributes
FROM otel.nsobserver_logs;

-- Ask with FINAL, which merges what has not been merged yet:
-- SELECT Container, sum(Count) FROM otel.nsobserver_events FINAL WHERE Event = 'connect_failure' GROUP BY 1;
