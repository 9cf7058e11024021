package io.pantala.proxy.pull;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.grant.Asker;
import io.pantala.swarm.Authorization;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CredentialsTest {
    private static final Authorization OLD = Authorization.of("Bearer old");
    private static final Authorization NEW = Authorization.of("Bearer new");

    private final Credentials credentials = new Credentials(Duration.ofMillis(1));
    private final Credentials patient = new Credentials(Duration.ofMinutes(1));

    @Test
    void givesARequestItsOwnAndThatOfAnotherOnceItIsRejected() {
        try (var first = credentials.enter(asker(OLD, "a"));
                var _ = credentials.enter(asker(NEW, "a"));
                var _ = credentials.enter(asker(Authorization.ANONYMOUS, "elsewhere"))) {
            assertThat(first.current()).isEqualTo(OLD);
            assertThat(first.newerThan(OLD, "")).contains(NEW);
            assertThat(first.current()).isEqualTo(NEW);
        }
    }

    @Test
    void waitsForAnotherAndNeverGivesARejectedOne() throws Exception {
        try (var first = patient.enter(asker(OLD, "a"))) {
            CompletableFuture<Optional<Authorization>> newer =
                    CompletableFuture.supplyAsync(() -> first.newerThan(OLD, ""));
            try (var _ = patient.enter(asker(NEW, "a"))) {
                assertThat(newer.get(10, TimeUnit.SECONDS)).contains(NEW);
            }
        }
        try (var _ = credentials.enter(asker(OLD, "a"));
                var second = credentials.enter(asker(NEW, "a"))) {
            assertThat(second.newerThan(NEW, "")).contains(OLD);
            assertThat(second.newerThan(OLD, "")).isEmpty();
        }
    }

    @Test
    void anExpiredOneThatIsShownAgainHidesNoOther() {
        try (var first = credentials.enter(asker(OLD, "a"));
                var second = credentials.enter(asker(NEW, "a"));
                var _ = credentials.enter(asker(OLD, "a"))) {
            assertThat(second.current()).isEqualTo(NEW);
            assertThat(first.newerThan(OLD, "")).contains(NEW);
        }
    }

    @Test
    void keepsNoneLongerThanItIsShown() {
        var first = credentials.enter(asker(OLD, "a"));
        var second = credentials.enter(asker(NEW, "a"));
        first.close();
        assertThat(second.newerThan(NEW, "")).isEmpty();
        second.close();

        assertThat(credentials.isEmpty()).isTrue();
        assertThat(first.current()).isEqualTo(OLD);
    }

    @Test
    void keepsOneThatMadeWayAndIsShownAgainForAsLongAsItIsShown() {
        var evicted = credentials.enter(asker(OLD, "a"));
        List<Credentials.Asking> others = IntStream.range(0, 16)
                .mapToObj(i -> credentials.enter(asker(Authorization.of("Bearer " + i), "a")))
                .toList();
        var again = credentials.enter(asker(OLD, "a"));
        evicted.close();
        assertThat(others.getLast().newerThan(Authorization.of("Bearer 15"), ""))
                .contains(OLD);

        others.forEach(Credentials.Asking::close);
        again.close();
        assertThat(credentials.isEmpty()).isTrue();
    }

    private static Asker asker(Authorization authorization, String repository) {
        return new Asker(UpstreamName.DOCKER_HUB, new RepositoryName(repository), authorization);
    }
}
