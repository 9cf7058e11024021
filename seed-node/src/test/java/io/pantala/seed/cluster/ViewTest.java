package io.pantala.seed.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.transport.identity.Authority;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ViewTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
    private static final Duration DAY = Duration.ofDays(1);

    private final ClusterState state = Rotation.begin(Authority.create(NOW), NOW);

    @Test
    void allSeedsHaveTheSameKeyUntilItIsChanged() {
        assertThat(view(state, "one").key(false))
                .isPresent()
                .isEqualTo(view(state, "two").key(false));

        ClusterState rotated = Rotation.rotate(state, Authority.create(NOW), NOW.plusSeconds(1), DAY);
        assertThat(view(rotated, "one").key(false))
                .isNotEqualTo(view(state, "one").key(false));
    }

    @Test
    void noKeyIsToldWhereOthersCouldReadIt() {
        assertThat(view(state, "one").key(true)).isEmpty();
    }

    private static View view(ClusterState state, String seed) {
        return View.of(state, new NodeIdentity(Role.SEED, seed), DAY, null, NOW);
    }
}
