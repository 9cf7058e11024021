package io.pantala.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReadBuffersTest {
    private static final int SIZE = ReadBuffers.SIZE;

    private final ByteBufAllocator others = UnpooledByteBufAllocator.DEFAULT;
    private final EmbeddedChannel channel = channel();
    private final ReadBuffers buffers = new ReadBuffers(2 * SIZE);
    private final ByteBufAllocator allocator = buffers.of(channel);

    @AfterEach
    void close() {
        var _ = channel.close();
    }

    @Test
    void lendsTheSameMemoryAgain() {
        for (int i = 0; i < 10; i++) {
            ByteBuf lent = allocator.ioBuffer(SIZE);
            assertThat(lent.isDirect()).isTrue();
            assertThat(lent.writableBytes()).isEqualTo(SIZE);
            assertThat(buffers.idle()).isZero();

            lent.writeLong(i).release();
        }

        assertThat(buffers.made()).isEqualTo(1);
        assertThat(buffers.idle()).isEqualTo(1);
    }

    @Test
    void keepsWhatIsStillReadThroughASlice() {
        ByteBuf lent = allocator.ioBuffer(SIZE).writeLong(4711);
        ByteBuf slice = lent.readRetainedSlice(8);

        lent.release();
        assertThat(buffers.idle()).isZero();
        assertThat(slice.readLong()).isEqualTo(4711);

        slice.release();
        assertThat(buffers.idle()).isEqualTo(1);
    }

    @Test
    void leavesWhatIsBeyondTheMostToTheOtherAllocator() {
        ByteBuf first = allocator.ioBuffer(SIZE);
        ByteBuf second = allocator.ioBuffer(SIZE);
        ByteBuf third = allocator.ioBuffer(SIZE);

        assertThat(third.alloc()).isSameAs(others);
        assertThat(buffers.made()).isEqualTo(2);

        third.release();
        second.release();
        first.release();
        assertThat(buffers.idle()).isEqualTo(2);
    }

    @Test
    void leavesOtherSizesAndTheHeapToTheOtherAllocator() {
        ByteBuf small = allocator.ioBuffer(SIZE / 2);
        ByteBuf large = allocator.directBuffer(2 * SIZE);
        ByteBuf heap = allocator.heapBuffer(SIZE);

        assertThat(small.alloc()).isSameAs(others);
        assertThat(large.alloc()).isSameAs(others);
        assertThat(heap.alloc()).isSameAs(others);
        assertThat(heap.hasArray()).isTrue();
        assertThat(buffers.made()).isZero();

        small.release();
        large.release();
        heap.release();
    }

    @Test
    void stopsAConnectionThatHasManyUntilHalfAreBack() {
        ByteBufAllocator plenty = new ReadBuffers(100 * SIZE).of(channel);
        Deque<ByteBuf> used = new ArrayDeque<>();
        for (int i = 1; i < ReadBuffers.EACH; i++) {
            used.add(plenty.ioBuffer(SIZE));
        }
        assertThat(channel.config().isAutoRead()).isTrue();

        used.add(plenty.ioBuffer(SIZE));
        assertThat(channel.config().isAutoRead()).isFalse();

        while (used.size() > ReadBuffers.EACH / 2 + 1) {
            used.remove().release();
        }
        channel.runPendingTasks();
        assertThat(channel.config().isAutoRead()).isFalse();

        used.remove().release();
        channel.runPendingTasks();
        assertThat(channel.config().isAutoRead()).isTrue();
        used.forEach(ByteBuf::release);
    }

    @Test
    void stopsNoConnectionForWhatAnotherHas() {
        ReadBuffers plenty = new ReadBuffers(100 * SIZE);
        EmbeddedChannel another = channel();
        for (int i = 0; i < ReadBuffers.EACH; i++) {
            plenty.of(another).ioBuffer(SIZE);
        }

        plenty.of(channel).ioBuffer(SIZE);

        assertThat(channel.config().isAutoRead()).isTrue();
        var _ = another.close();
    }

    @Test
    void makesAnotherInPlaceOfOneThatGotLost() {
        allocator.ioBuffer(SIZE);
        allocator.ioBuffer(SIZE);

        await().atMost(Duration.ofSeconds(20)).until(() -> {
            System.gc();
            return buffers.made() == 0;
        });

        assertThat(allocator.ioBuffer(SIZE).alloc()).isSameAs(allocator);
    }

    private EmbeddedChannel channel() {
        EmbeddedChannel made = new EmbeddedChannel();
        made.config().setAllocator(others);
        return made;
    }
}
