package io.pantala.seed.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.transport.identity.Authority;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
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

    @Test
    void seedsThatWereGivenOneAuthorityHaveTheSameKeyBeforeTheyKnowOfEachOther() {
        Authority given = Authority.create(NOW);

        assertThat(view(Rotation.begin(given, NOW), "one").key())
                .isEqualTo(
                        view(Rotation.begin(given, NOW.plusSeconds(1)), "two").key());
    }

    @Test
    void aWayLeadsFromTheNewestAuthorityToEachThatIsTrustedStill() throws Exception {
        ClusterState rotated = state;
        for (int i = 1; i <= 3; i++) {
            rotated = Rotation.rotate(rotated, Authority.create(NOW), NOW.plusSeconds(i), DAY);
        }

        List<X509Certificate> way = view(rotated, "one").way();

        assertThat(way).hasSize(4);
        for (int i = 0; i < way.size(); i++) {
            way.get(i).verify(way.get(Math.min(i + 1, way.size() - 1)).getPublicKey());
        }
    }

    @Test
    void aCertificateThatWasMadeWhenTheClockWasAheadIsMadeAnew() {
        NodeIdentity self = new NodeIdentity(Role.SEED, "one");
        View ahead = View.of(state, self, DAY, null, NOW.plus(Duration.ofHours(3)));
        assertThat(ahead.isStale(NOW)).isTrue();

        View corrected = View.of(state, self, DAY, ahead, NOW);
        assertThat(corrected.own().begins()).isBefore(NOW);
        assertThat(View.of(state, self, DAY, corrected, NOW).own()).isSameAs(corrected.own());
    }

    private static View view(ClusterState state, String seed) {
        return View.of(state, new NodeIdentity(Role.SEED, seed), DAY, null, NOW);
    }
}
