package io.pantala.proxy.notes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
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

    private final AtomicLong clock = new AtomicLong();
    private volatile Notes atSeed = new MemoryNotes(clock::get);
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
    void aSeedThatWasStartedAnewIsToldWhatIsStillTrueForAsLongAsItIs() throws Exception {
        try (SharedNotes one = notes();
                SharedNotes other = notes()) {
            one.put("older", FACT, LIFE);
            sent.take();
            pass(Duration.ofMinutes(50));
            one.put("a secret name", FACT, LIFE);
            sent.take();
            pass(Duration.ofMinutes(15));
            startSeedAnew();

            one.welcome(SEED);

            assertThat(sent.take())
                    .contains("\"seconds\":2700")
                    .contains(KEY.hash("a secret name"))
                    .doesNotContain("secret", KEY.hash("older"));
            assertThat(other.find("a secret name")).contains(FACT);
            pass(Duration.ofMinutes(45));
            assertThat(atSeed.find(KEY.hash("a secret name"))).isEmpty();
        }
    }

    @Test
    void aSeedIsToldAnewAlsoWhatItWasNotReachedFor() throws Exception {
        var down = new AtomicBoolean(true);
        var refused = new LinkedBlockingQueue<NodeAddress>();
        SeedNotes link = (seed, message) -> {
            if (down.get()) {
                refused.add(seed);
                throw new IOException("down");
            }
            return exchange(seed, message);
        };
        try (SharedNotes one = notes(link, KEY::hash);
                SharedNotes other = notes()) {
            one.put("name", FACT, LIFE);
            refused.take();
            down.set(false);

            one.welcome(SEED);

            sent.take();
            assertThat(other.find("name")).contains(FACT);
        }
    }

    @Test
    void whatIsToldAnewDoesNotTakeThePlaceOfWhatWasLearntLater() throws Exception {
        byte[] later = {3};
        try (SharedNotes one = notes();
                SharedNotes other = notes()) {
            one.put("name", FACT, LIFE);
            sent.take();
            pass(Duration.ofMinutes(10));
            other.put("name", later, LIFE);
            sent.take();
            startSeedAnew();

            other.welcome(SEED);
            sent.take();
            one.welcome(SEED);
            sent.take();

            assertThat(atSeed.find(KEY.hash("name"))).contains(later);
        }
    }

    @Test
    void noMoreThanTheLatestThousandAreToldAnew() throws Exception {
        try (SharedNotes one = notes()) {
            for (int i = 0; i < 1_100; i++) {
                one.put("name" + i, FACT, LIFE);
                pass(Duration.ofSeconds(1));
            }
            Set<String> before = new HashSet<>();
            while (before.size() < 1_100) {
                before.addAll(names(sent.take()));
            }
            startSeedAnew();

            one.welcome(SEED);

            Set<String> anew = new HashSet<>();
            while (anew.size() < 1_000) {
                anew.addAll(names(sent.take()));
            }
            assertThat(anew).hasSize(1_000).contains(KEY.hash("name1099")).doesNotContain(KEY.hash("name99"));
        }
    }

    private void startSeedAnew() {
        atSeed = new MemoryNotes(clock::get);
    }

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    private static Set<String> names(String message) throws IOException {
        return NotesMessage.read(message.getBytes(StandardCharsets.UTF_8))
                .told()
                .keySet();
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
        var kept = new MemoryNotes(clock::get);
        var forever = new NotesMessage.Told(FACT, Duration.ofDays(80));
        String name = KEY.hash("name");
        NotesApi.answer(new NotesMessage(Map.of(name, forever), List.of()), kept, LIFE);
        assertThat(kept.find(name)).contains(FACT);

        pass(LIFE.plusNanos(1));
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

    private SharedNotes notes(SeedNotes link, Function<String, @Nullable String> naming) {
        return new SharedNotes(
                new MemoryNotes(clock::get),
                () -> List.of(SEED),
                link,
                name -> Optional.ofNullable(naming.apply(name)),
                Duration.ofMinutes(5),
                clock::get);
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
