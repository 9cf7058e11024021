package io.pantala.seed.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.seed.cluster.ClusterState.ShutOut;
import io.pantala.seed.cluster.ClusterState.TokenEntry;
import io.pantala.transport.identity.Authority;
import io.pantala.transport.identity.Role;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ClusterStateTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
    private static final Duration OVERLAP = Duration.ofDays(2);

    private final ClusterState state = Rotation.begin(Authority.create(NOW), NOW);

    @Test
    void isReadAsItIsWritten() throws IOException {
        ClusterState full = Rotation.rotate(state, Authority.create(NOW), NOW, OVERLAP)
                .with(token("a", 5L))
                .with(new ShutOut("host-1", 7, true));

        assertThat(ClusterState.parse(full.json())).isEqualTo(full);
        assertThat(ClusterState.parse(full.json()).digest()).isEqualTo(full.digest());
        assertThatThrownBy(() -> ClusterState.parse("{")).isInstanceOf(IOException.class);
    }

    @Test
    void mergesToTheSameInAnyOrderAndAnyNumberOfTimes() {
        ClusterState rotated = Rotation.rotate(state, Authority.create(NOW), NOW.plusSeconds(9), OVERLAP);
        List<ClusterState> parts = new ArrayList<>(List.of(
                state,
                rotated,
                state.with(token("a", null)),
                state.with(token("a", null).revoke()),
                state.with(token("b", 100L)),
                state.with(new ShutOut("host-1", 1, true)),
                state.with(new ShutOut("host-1", 2, false)),
                state.with(new ShutOut("host-1", 2, true)),
                state.with(new ShutOut("host-2", 2, true)).with(new ShutOut("host-2", 3, false))));
        ClusterState expected = parts.stream().reduce(ClusterState.NONE, ClusterState::merge);
        Random random = new Random(5);
        for (int i = 0; i < 50; i++) {
            Collections.shuffle(parts, random);
            ClusterState merged = parts.stream().reduce(parts.getLast(), ClusterState::merge);
            assertThat(merged).isEqualTo(expected);
        }
        assertThat(expected.shutOut()).extracting(ShutOut::id).containsExactly("host-1");
        assertThat(expected.tokens()).extracting(TokenEntry::revoked).containsExactly(true, false);
        assertThat(expected.authority().orElseThrow())
                .isEqualTo(rotated.authority().orElseThrow());
    }

    @Test
    void anAuthorityThatIsReplacedSignsNoMoreAndIsForgottenAfterTheOverlap() {
        String first = state.authority().orElseThrow().id();
        ClusterState rotated = Rotation.rotate(state.with(token(first, null)), Authority.create(NOW), NOW, OVERLAP);

        assertThat(rotated.authority().orElseThrow().id()).isNotEqualTo(first);
        assertThat(rotated.authorities()).hasSize(2).anySatisfy(before -> {
            assertThat(before.id()).isEqualTo(first);
            assertThat(before.key()).isNull();
            assertThat(before.retires()).isEqualTo(NOW.plus(OVERLAP).toEpochMilli());
        });
        assertThat(rotated.ticketKeys()).hasSize(2);
        assertThat(rotated.merge(state).authorities()).isEqualTo(rotated.authorities());

        ClusterState before = rotated.at(NOW.plus(OVERLAP).toEpochMilli() - 1);
        ClusterState after = rotated.at(NOW.plus(OVERLAP).toEpochMilli());
        assertThat(before).isEqualTo(rotated);
        assertThat(after.authorities()).hasSize(1);
        assertThat(after.ticketKeys()).hasSize(1);
        assertThat(after.tokens()).isEmpty();
    }

    @Test
    void twoAuthoritiesThatAreMadeAtOnceLeaveTheNewerOne() {
        ClusterState one = Rotation.rotate(state, Authority.create(NOW), NOW.plusSeconds(1), OVERLAP);
        ClusterState other = Rotation.rotate(state, Authority.create(NOW), NOW.plusSeconds(2), OVERLAP);

        ClusterState tidy = Rotation.tidy(one.merge(other), NOW.plusSeconds(3));

        assertThat(tidy.authority()).isEqualTo(other.authority());
        assertThat(tidy.authorities()).hasSize(3);
        assertThat(tidy.authorities().stream().filter(entry -> entry.retires() == null))
                .hasSize(1);
        assertThat(tidy.ticketKeys().stream().filter(entry -> entry.retires() == null))
                .hasSize(1);
        assertThat(Rotation.tidy(tidy, NOW.plusSeconds(4))).isEqualTo(tidy);
    }

    @Test
    void whatBecomesOfANodeComesAfterAllThatIsKnownOfItWhateverTheClocks() {
        long now = NOW.toEpochMilli();
        ClusterState fast = state.with(state.shutOut("host", false, now + 240_000));

        ClusterState later = fast.with(fast.shutOut("host", true, now));

        assertThat(later.shutOut()).extracting(ClusterState.ShutOut::id).containsExactly("host");
        assertThat(fast.merge(later)).isEqualTo(later);
        assertThat(later.with(later.shutOut("host", false, now)).shutOut()).isEmpty();
    }

    @Test
    void aTokenExpires() {
        String authority = state.authority().orElseThrow().id();
        ClusterState with = state.with(token(authority, NOW.toEpochMilli()));

        assertThat(with.at(NOW.toEpochMilli() - 1).tokens()).hasSize(1);
        assertThat(with.at(NOW.toEpochMilli()).tokens()).isEmpty();
    }

    private static TokenEntry token(String authority, Long expires) {
        return new TokenEntry("t-" + authority, "sha256:0", Role.HOST, authority, 1, expires, false);
    }
}
