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
        assertThat(view(state, "one").key()).isEqualTo(view(state, "two").key());

        ClusterState rotated = Rotation.rotate(state, Authority.create(NOW), NOW.plusSeconds(1), DAY);
        assertThat(view(rotated, "one").key()).isNotEqualTo(view(state, "one").key());
    }

    private static View view(ClusterState state, String seed) {
        return View.of(state, new NodeIdentity(Role.SEED, seed), DAY, null, NOW);
    }
}
