package io.pantala.proxy.events;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.proxy.history.History;
import io.pantala.swarm.download.SwarmDownloads;
import io.pantala.swarm.download.SwarmListener;
import io.pantala.transport.NodeAddress;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a host's downloads and its links to seeds tell. */
public final class SwarmEvents implements SwarmListener {
    private static final Logger LOG = LoggerFactory.getLogger(SwarmDownloads.class);

    /** Who have sent wrong bytes; a metric's label each. */
    private static final int MOST_NAMED = 64;

    private final Metrics metrics;
    private final History history;
    private final Timer took;
    private final Counter passedOver;
    private final Counter unavailable;
    private final Running running;
    private final Map<Direction, ByteCounter> control = new EnumMap<>(Direction.class);
    private final Set<NodeAddress> up = ConcurrentHashMap.newKeySet();
    private final Set<NodeAddress> known = ConcurrentHashMap.newKeySet();
    private final Set<NodeAddress> corrupt = new HashSet<>();

    public SwarmEvents(Metrics metrics, History history) {
        this.metrics = metrics;
        this.history = history;
        for (Source source : Source.values()) {
            count(source, 0, 0);
            late(source);
        }
        for (Direction direction : Direction.values()) {
            control.put(
                    direction,
                    metrics.bytes(
                            "pantala.control.bytes",
                            "Bytes of messages between this node and seeds",
                            "direction",
                            Metrics.label(direction)));
        }
        this.took = metrics.time("pantala.download", "Until a blob was whole, from seeds and peers");
        this.passedOver = metrics.count("pantala.seeds.passed.over", "Times that the next seed was asked for a blob");
        this.unavailable = metrics.count("pantala.swarm.unavailable", "Blobs that no seed helped with");
        this.running = new Running(metrics, "swarm");
        metrics.gauge("pantala.seed.links", "Seeds that this host is linked to", up, Set::size);
    }

    @Override
    public void linkUp(NodeAddress seed) {
        known.add(seed);
        up.add(seed);
        LOG.atInfo().addKeyValue("seed", seed).log("seed linked");
    }

    @Override
    public void message(Direction direction, int bytes) {
        Objects.requireNonNull(control.get(direction)).add(bytes);
    }

    /** Told once, not at each try. */
    @Override
    public void linkDown(NodeAddress seed, String why) {
        if (up.remove(seed) || known.add(seed)) {
            LOG.atWarn().addKeyValue("seed", seed).addKeyValue("why", why).log("seed not reachable");
        }
    }

    @Override
    public void started(BlobKey key, String requestId) {
        running.add(key);
        history.began(key, "asked of the swarm");
        LOG.atInfo().addKeyValue("blob", key).addKeyValue("request", requestId).log("download started");
    }

    @Override
    public void blockReceived(
            BlobKey key, int index, Source source, NodeAddress from, long count, Duration time, Cause cause) {
        count(source, 1, count);
        history.received(key, index, source, from, count, time, cause);
    }

    @Override
    public void blockRefused(BlobKey key, int index, Source source, NodeAddress from, Trouble trouble) {
        history.refused(key, index, source, from, trouble);
        metrics.count(
                        "pantala.blocks.refused",
                        "Blocks that did not come, or were not right",
                        "source",
                        Metrics.label(source),
                        "reason",
                        Metrics.label(trouble))
                .increment();
        if (trouble == Trouble.CORRUPT) {
            metrics.count("pantala.blocks.corrupt", "Blocks that came with wrong bytes", "from", named(from))
                    .increment();
        }
        LOG.atWarn()
                .addKeyValue("blob", key)
                .addKeyValue("block", index)
                .addKeyValue("from", from)
                .addKeyValue("reason", Metrics.label(trouble))
                .log("block refused");
    }

    @Override
    public void blockLate(BlobKey key, int index, Source source, NodeAddress from) {
        late(source).increment();
        history.late(key, index, source, from);
    }

    /** Names so many that no metric grows without bounds; who comes later goes without a name. */
    private String named(NodeAddress sender) {
        synchronized (corrupt) {
            if (corrupt.size() < MOST_NAMED) {
                corrupt.add(sender);
            }
            return corrupt.contains(sender) ? sender.toString() : "others";
        }
    }

    @Override
    public void seedPassedOver(BlobKey key, NodeAddress seed, String why) {
        passedOver.increment();
        history.note(key, "seed " + seed + " was given up: " + why);
        LOG.atWarn()
                .addKeyValue("blob", key)
                .addKeyValue("seed", seed)
                .addKeyValue("why", why)
                .log("seed passed over");
    }

    @Override
    public void unavailable(BlobKey key, String why) {
        unavailable.increment();
        history.withoutSeed(key, "no seed helped: " + why);
        LOG.atWarn().addKeyValue("blob", key).addKeyValue("why", why).log("no seed helps");
    }

    @Override
    public void sealed(BlobKey key, long count, Duration time) {
        count("sealed");
        history.sealed(key);
        took.record(time);
        LOG.atInfo()
                .addKeyValue("blob", key)
                .addKeyValue("bytes", count)
                .addKeyValue("ms", time.toMillis())
                .log("download complete");
    }

    @Override
    public void interrupted(BlobKey key, String why) {
        count("interrupted");
        history.withoutSeed(key, "the download was interrupted: " + why);
        LOG.atWarn().addKeyValue("blob", key).addKeyValue("why", why).log("download interrupted");
    }

    @Override
    public void mismatch(BlobKey key, NodeAddress seed, Digest got) {
        count("mismatch");
        history.note(key, "dropped: seed " + seed + " vouched for other bytes");
        LOG.atError()
                .addKeyValue("blob", key)
                .addKeyValue("seed", seed)
                .addKeyValue("got", got)
                .log("the seed vouched for what the digest does not say");
    }

    @Override
    public void ended(BlobKey key) {
        running.remove(key);
    }

    private void count(Source source, int blocks, long bytes) {
        String label = Metrics.label(source);
        metrics.bytesFrom(label).add(bytes);
        metrics.count("pantala.blocks.verified", "Blocks that came and were right", "source", label)
                .increment(blocks);
    }

    private Counter late(Source source) {
        return metrics.count(
                "pantala.blocks.late", "Blocks that took much longer than others", "source", Metrics.label(source));
    }

    private void count(String outcome) {
        metrics.count("pantala.downloads", "Downloads from the swarm that ended", "outcome", outcome)
                .increment();
    }
}
