package io.pantala.transport.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.provider.MethodSource;

/** What a stranger, or a node of another version, may say on a control link. */
class ControlCodecFuzz {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long MOST_MEMORY = 64 << 20;
    private static final int FEW = 5_000;

    /** Until then the fuzzer itself needs memory on the same thread, for classes that it has not seen. */
    private static final int WARM = 1_000;

    private static int runs;

    private final ControlCodec codec = new ControlCodec();

    static byte[][] messages() {
        ControlCodec codec = new ControlCodec();
        return ControlCodecTest.messages().map(codec::encode).toArray(byte[][]::new);
    }

    @MethodSource("messages")
    @FuzzTest(maxDuration = "10s")
    void readsWhatItCanWriteAgainAndRefusesTheRest(byte[] bytes) throws MalformedMessageException {
        runs++;
        long before = THREADS.getCurrentThreadAllocatedBytes();
        ControlMessage message;
        try {
            message = codec.decode(bytes);
        } catch (MalformedMessageException e) {
            return;
        } finally {
            assertThat(THREADS.getCurrentThreadAllocatedBytes() - before)
                    .isLessThan(runs > WARM ? MOST_MEMORY : Long.MAX_VALUE);
        }
        byte[] written = codec.encode(message);
        ControlMessage again = codec.decode(written);
        assertThat(again.equals(message) || Arrays.equals(codec.encode(again), written))
                .as("%s and %s are the same", message, again)
                .isTrue();
    }

    /** Seeds alone prove little. */
    @AfterAll
    static void hasTriedMuch() {
        assertThat(runs).isGreaterThan(FEW);
    }
}
