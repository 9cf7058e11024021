package io.pantala.proxy.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.RepositoryName;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.CredentialSource;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class HesitantTest {
    private final List<Fake> begun = new ArrayList<>();
    private final List<Runnable> later = new ArrayList<>();
    private final List<Duration> delays = new ArrayList<>();
    private long now;

    private final Hesitant hesitant = new Hesitant(
            request -> {
                begun.add(new Fake(request));
                return begun.getLast();
            },
            Duration.ofSeconds(1),
            half(),
            () -> now,
            (delay, what) -> {
                delays.add(delay);
                later.add(what);
            });

    @Test
    void beginsLaterByChance() {
        Fill fill = hesitant.start(request("one"));

        assertThat(begun).isEmpty();
        assertThat(delays).containsExactly(Duration.ofMillis(500));
        later.getFirst().run();
        assertThat(begun).extracting(fake -> fake.request.requestId()).containsExactly("one");
        Opening opening = new Opening.Unavailable("so");
        begun.getFirst().opening.complete(opening);
        assertThat(fill.opening()).isCompletedWithValue(opening);
        fill.close();
        assertThat(begun.getFirst().closed).isTrue();
    }

    @Test
    void hesitatesOnceForAllThatComesInTheSameOutage() {
        hesitant.start(request("one"));
        pass(Duration.ofMillis(200));
        hesitant.start(request("two"));
        pass(Duration.ofMillis(300));
        hesitant.start(request("three"));
        for (int i = 0; i < 5; i++) {
            pass(Duration.ofSeconds(29));
            hesitant.start(request("another"));
        }

        assertThat(delays).containsExactly(Duration.ofMillis(500), Duration.ofMillis(300));
        assertThat(begun).hasSize(6);
    }

    @Test
    void hesitatesAnewInTheNextOutage() {
        hesitant.start(request("one"));
        pass(Duration.ofSeconds(31));
        hesitant.start(request("two"));

        assertThat(delays).containsExactly(Duration.ofMillis(500), Duration.ofMillis(500));
    }

    @Test
    void doesNotBeginWhatIsNotWaitedForAnyMore() {
        Fill fill = hesitant.start(request("one"));

        fill.close();
        later.getFirst().run();

        assertThat(begun).isEmpty();
        assertThat(fill.opening().join()).isInstanceOf(Opening.Unavailable.class);
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    private static RandomGenerator half() {
        return () -> 1L << 63;
    }

    private static FillRequest request(String id) {
        return new FillRequest(
                new BlobKey(Fleet.NAME, Digest.sha256(new byte[1])),
                new RepositoryName(Fleet.REPOSITORY),
                CredentialSource.fixed(Authorization.ANONYMOUS),
                id);
    }

    private static final class Fake implements Fill {
        private final FillRequest request;
        private final CompletableFuture<Opening> opening = new CompletableFuture<>();
        private boolean closed;

        Fake(FillRequest request) {
            this.request = request;
        }

        @Override
        public CompletableFuture<Opening> opening() {
            return opening;
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
