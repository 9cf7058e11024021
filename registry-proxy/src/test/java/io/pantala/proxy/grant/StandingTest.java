package io.pantala.proxy.grant;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.notes.MemoryNotes;
import io.pantala.proxy.notes.Notes;
import io.pantala.swarm.Authorization;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StandingTest {
    private static final Asker ANN = asker(Authorization.of("Basic ann"));
    private static final Asker ANYONE = asker(Authorization.ANONYMOUS);

    private final Standing standing = new Standing(new Believing(), new MemoryNotes(), new Believing());

    @Test
    void believesWhatOthersSay() {
        assertThat(standing.vouchesFor(ANN)).isTrue();
        assertThat(standing.vouchesFor(ANYONE)).isTrue();
    }

    @Test
    void whoWasRefusedStaysSoWhateverOthersStillSay() {
        standing.refused(ANYONE);
        assertThat(standing.vouchesFor(ANYONE)).isFalse();
        assertThat(standing.vouchesFor(ANN)).isTrue();

        standing.refused(ANN);
        assertThat(standing.vouchesFor(ANN)).isFalse();

        standing.given(ANN);
        assertThat(standing.vouchesFor(ANN)).isTrue();
        assertThat(standing.vouchesFor(ANYONE)).isFalse();
    }

    private static Asker asker(Authorization authorization) {
        return new Asker(new UpstreamName("registry.example"), new RepositoryName("team/app"), authorization);
    }

    /** Has heard of each thing that it is true, but for what was told it itself. */
    private static final class Believing implements Notes {
        private final Notes own = new MemoryNotes();

        @Override
        public Optional<byte[]> find(String name) {
            return own.find(name).or(() -> Optional.of(new byte[] {1}));
        }

        @Override
        public void put(String name, byte[] fact, Duration life) {
            own.put(name, fact, life);
        }

        @Override
        public void remove(String name) {
            own.remove(name);
        }
    }
}
