package io.pantala.proxy.notes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SharedNotesTest {
    private static final Duration LIFE = Duration.ofHours(1);
    private static final NodeAddress SEED = new NodeAddress("127.0.0.1", 1);
    private static final byte[] FACT = {1, 2};
    private static final ClusterKey KEY = ClusterKey.derive(new byte[] {1});

    private final Notes atSeed = new MemoryNotes();
    private final BlockingQueue<String> sent = new LinkedBlockingQueue<>();

    @Test
    void anotherHostKnowsWhatOneWasTold() throws Exception {
        try (SharedNotes one = notes();
                SharedNotes other = notes()) {
            one.put("a secret name", FACT, LIFE);

            assertThat(sent.take()).doesNotContain("secret");
            assertThat(other.find("a secret name")).contains(FACT);
            assertThat(other.find("another")).isEmpty();
        }
    }

    @Test
    void whatIsTrueNoMoreIsForgottenEverywhere() throws Exception {
        try (SharedNotes one = notes();
                SharedNotes other = notes()) {
            one.put("name", FACT, LIFE);
            sent.take();
            one.remove("name");
            sent.take();

            assertThat(one.find("name")).isEmpty();
            assertThat(other.find("name")).isEmpty();
        }
    }

    @Test
    void seedsAreNotToldTheSameAllTheTime() throws Exception {
        try (SharedNotes one = notes()) {
            one.put("name", FACT, LIFE);
            one.put("name", FACT, LIFE);
            one.put("name", new byte[] {3}, LIFE);
            sent.take();
            one.put("last", FACT, LIFE);

            assertThat(one.find("name")).contains(new byte[] {3});
            assertThat(sent).hasSizeLessThanOrEqualTo(2);
        }
    }

    @Test
    void aSeedThatDoesNotAnswerCostsASecondOnce() {
        var never = new CountDownLatch(1);
        try (SharedNotes hung = notes(
                (_, _) -> {
                    try {
                        never.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    throw new IOException("no answer");
                },
                KEY::hash)) {
            long start = System.nanoTime();
            assertThat(hung.find("name")).isEmpty();
            assertThat(hung.find("name")).isEmpty();
            assertThat(hung.find("name")).isEmpty();
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(3));
        }
    }

    @Test
    void seedsBelieveNothingForLongerThanTheyMay() {
        var clock = new AtomicLong();
        var kept = new MemoryNotes(clock::get);
        var forever = new NotesMessage.Told(FACT, Duration.ofDays(80));
        String name = KEY.hash("name");
        NotesApi.answer(new NotesMessage(Map.of(name, forever), List.of()), kept, LIFE);
        assertThat(kept.find(name)).contains(FACT);

        clock.addAndGet(LIFE.toNanos() + 1);
        assertThat(kept.find(name)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]x",
                "{\"asked\":[\"../../etc\"]}",
                "{\"told\":[{\"name\":\"x\",\"fact\":\"\",\"seconds\":1}]}",
                "{\"told\":[{\"name\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"seconds\":1}]}"
            })
    void aMessageThatIsNoneIsRefused(String text) {
        assertThatThrownBy(() -> answer(text.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOfAny(IOException.class, IllegalArgumentException.class);
    }

    @Test
    void whatSeedsHaveNoNameForStaysHere() throws Exception {
        var asked = new AtomicInteger();
        SeedNotes link = (seed, message) -> {
            asked.incrementAndGet();
            return exchange(seed, message);
        };
        try (SharedNotes one = notes(link, name -> name.equals("own") ? null : KEY.hash(name))) {
            one.put("own", FACT, LIFE);
            assertThat(one.find("own")).contains(FACT);
            one.remove("own");
            assertThat(one.find("own")).isEmpty();
            assertThat(asked).hasValue(0);

            one.put("shared", FACT, LIFE);
            assertThat(sent.take()).contains(KEY.hash("shared"));
            assertThat(sent).isEmpty();
        }
    }

    private SharedNotes notes() {
        return notes(this::exchange, KEY::hash);
    }

    private static SharedNotes notes(SeedNotes link, Function<String, @Nullable String> naming) {
        return new SharedNotes(
                new MemoryNotes(),
                () -> List.of(SEED),
                link,
                name -> Optional.ofNullable(naming.apply(name)),
                Duration.ofMinutes(5));
    }

    private byte[] exchange(NodeAddress seed, byte[] message) throws IOException {
        byte[] answer = answer(message);
        if (!NotesMessage.read(message).told().isEmpty()) {
            sent.add(new String(message, StandardCharsets.UTF_8));
        }
        return answer;
    }

    private byte[] answer(byte[] message) throws IOException {
        return NotesApi.answer(NotesMessage.read(message), atSeed, LIFE).write();
    }

    @Test
    void aMessageHoldsSoManyNotesAtMost() {
        List<String> names = java.util.stream.IntStream.range(0, NotesMessage.MOST + 1)
                .mapToObj(i -> "%064x".formatted(i))
                .toList();

        assertThatThrownBy(() -> new NotesMessage(Map.of(), names)).hasMessageContaining("more than");
    }
}
