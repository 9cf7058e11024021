package io.pantala.seed.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.FillRequest.Content;
import io.pantala.swarm.UpstreamRefusal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CooldownsTest {
    private static final UpstreamName UPSTREAM = UpstreamName.parse("registry.example");
    private static final Authorization ALICE = Authorization.of("Basic alice");

    private final AtomicLong now = new AtomicLong(42);
    private final Cooldowns cooldowns = new Cooldowns(Duration.ofMinutes(1), now::get);

    @Test
    void countForAllWhoAskAsTheSame() {
        cooldowns.told(UPSTREAM, ALICE, Content.BLOB, refused(429, 30));

        assertThat(cooldowns.of(UPSTREAM, Authorization.of("Basic alice"), Content.BLOB))
                .isPresent();
        assertThat(cooldowns.of(UPSTREAM, Authorization.ANONYMOUS, Content.BLOB))
                .isEmpty();
        assertThat(cooldowns.of(UpstreamName.parse("other.example"), ALICE, Content.BLOB))
                .isEmpty();
        assertThat(cooldowns.of(UPSTREAM, ALICE, Content.MANIFEST)).isEmpty();
    }

    @Test
    void sayHowLongTheyStillLast() {
        cooldowns.told(UPSTREAM, ALICE, Content.BLOB, refused(503, 30));
        now.addAndGet(Duration.ofSeconds(29).plusMillis(500).toNanos());

        Reply.Refused left = cooldowns.of(UPSTREAM, ALICE, Content.BLOB).orElseThrow();
        assertThat(left.retryAfter()).isEqualTo(Duration.ofMillis(500));
        assertThat(left.refusal().headers())
                .containsExactly(Map.entry("X-Why", "because"), Map.entry("Retry-After", "1"));

        now.addAndGet(Duration.ofMillis(500).toNanos());
        assertThat(cooldowns.of(UPSTREAM, ALICE, Content.BLOB)).isEmpty();
    }

    @Test
    void lastAMinuteAtMost() {
        cooldowns.told(UPSTREAM, ALICE, Content.BLOB, refused(429, 3600));
        now.addAndGet(Duration.ofSeconds(60).toNanos());
        assertThat(cooldowns.of(UPSTREAM, ALICE, Content.BLOB)).isEmpty();
    }

    @Test
    void areNotMadeOfOtherRefusals() {
        cooldowns.told(UPSTREAM, ALICE, Content.BLOB, refused(429, 0));
        cooldowns.told(UPSTREAM, ALICE, Content.BLOB, refused(500, 30));
        assertThat(cooldowns.of(UPSTREAM, ALICE, Content.BLOB)).isEmpty();
    }

    private static Reply.Refused refused(int status, long seconds) {
        return new Reply.Refused(
                new UpstreamRefusal(
                        status,
                        List.of(Map.entry("X-Why", "because"), Map.entry("retry-after", "" + seconds)),
                        new byte[0]),
                Duration.ofSeconds(seconds),
                false);
    }
}
