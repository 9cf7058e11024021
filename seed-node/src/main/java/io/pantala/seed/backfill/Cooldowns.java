package io.pantala.seed.backfill;

import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.FillRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * How long upstreams want to be left alone by whom. What one fill was told counts for all others that would ask as the
 * same for the like, since registries count manifests and blobs apart: until then they take the same refusal, as the
 * registry would give it.
 */
final class Cooldowns {
    private static final int MOST = 1000;

    private final Duration longest;
    private final LongSupplier nanoTime;
    private final Map<Place, Cooldown> cooldowns = new HashMap<>();

    /** @param longest how long they last at most */
    Cooldowns(Duration longest, LongSupplier nanoTime) {
        this.longest = longest;
        this.nanoTime = nanoTime;
    }

    /** @param asker stands for a credential, without being one; two that share it only wait for one another */
    private record Place(UpstreamName upstream, int asker, FillRequest.Content content) {
        Place(UpstreamName upstream, Authorization authorization, FillRequest.Content content) {
            this(upstream, authorization.hashCode(), content);
        }
    }

    private record Cooldown(Reply.Refused told, long until) {}

    /** What an upstream has told this asker that still holds. */
    synchronized Optional<Reply.Refused> of(
            UpstreamName upstream, Authorization authorization, FillRequest.Content content) {
        Place place = new Place(upstream, authorization, content);
        Cooldown cooldown = cooldowns.get(place);
        if (cooldown == null) {
            return Optional.empty();
        }
        long left = cooldown.until - nanoTime.getAsLong();
        if (left <= 0) {
            cooldowns.remove(place);
            return Optional.empty();
        }
        return Optional.of(cooldown.told.with(Duration.ofNanos(left)));
    }

    /** An upstream has told this. */
    synchronized void told(
            UpstreamName upstream, Authorization authorization, FillRequest.Content content, Reply.Refused refused) {
        if (!refused.tooMuch() || !refused.retryAfter().isPositive()) {
            return;
        }
        long now = nanoTime.getAsLong();
        if (cooldowns.size() >= MOST) {
            cooldowns.values().removeIf(cooldown -> cooldown.until <= now);
        }
        if (cooldowns.size() < MOST) {
            Duration wanted = refused.retryAfter();
            Duration bounded = wanted.compareTo(longest) < 0 ? wanted : longest;
            cooldowns.put(new Place(upstream, authorization, content), new Cooldown(refused, now + bounded.toNanos()));
        }
    }
}
