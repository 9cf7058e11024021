package io.pantala.transport.control;

import io.pantala.transport.control.ControlMessage.News;
import io.pantala.transport.identity.ClusterKey;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.ticket.SeedClocks;
import io.pantala.transport.ticket.TicketKey;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** What a host's seeds have told it of their cluster lately. */
public final class ClusterNews {
    /** Seeds that have told nothing for so long count no more, as long as others tell something. */
    private static final Duration FRESH = Duration.ofMinutes(2);

    private final SeedClocks clocks;
    private final LongSupplier nanos;
    private final Map<String, Told> told = new ConcurrentHashMap<>();
    private volatile Optional<ClusterKey> key = Optional.empty();

    private record Told(News news, long at) {}

    /**
     * @param clocks learn what those of the seeds show
     * @param nanos the time that passes, as {@link System#nanoTime}
     */
    public ClusterNews(SeedClocks clocks, LongSupplier nanos) {
        this.clocks = clocks;
        this.nanos = nanos;
    }

    /** Takes in what a seed tells. */
    public void accept(String seed, News news) {
        long now = nanos.getAsLong();
        clocks.learn(seed, news.time());
        told.put(seed, new Told(news, now));
        if (news.key().isPresent()) {
            key = news.key();
        }
        told.values().removeIf(each -> now - each.at() > FRESH.toNanos());
    }

    /** What tickets are verified with. */
    public Collection<TicketKey> ticketKeys() {
        Set<TicketKey> keys = new LinkedHashSet<>();
        told.values().forEach(each -> keys.addAll(each.news().ticketKeys()));
        return keys;
    }

    /** What the cluster keeps to itself, as told last. */
    public Optional<ClusterKey> key() {
        return key;
    }

    /** Whether a node may not take part any more. */
    public boolean isShutOut(NodeIdentity node) {
        return told.values().stream().anyMatch(each -> each.news().shutOut().contains(node.name()));
    }
}
