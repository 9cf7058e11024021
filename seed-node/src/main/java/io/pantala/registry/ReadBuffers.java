package io.pantala.registry;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import io.netty.channel.Channel;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The memory that registries' connections read into: outside of the heap, and used again as soon as it was read. Vert.x
 * copies what comes in Netty's pooled buffers into the heap, and takes others as they are. There, what waits for a busy
 * machine outlives young collections, and then dies where the serial collector does not look before the heap is at its
 * most.
 *
 * <p>A connection of which {@link #EACH} are being used reads no more until half of them were given back. That is seen
 * to where it reads: by the time that another event loop has learnt of it, Vert.x may have queued a MiB and more.
 *
 * <p>Who is done with a buffer releases it. One that got lost, as Vert.x loses what comes after a request was reset, is
 * the collector's.
 */
final class ReadBuffers {
    /** Of each buffer. */
    static final int SIZE = 64 << 10;

    /** How many of them a connection has at once, give or take the few that it was about to read. */
    static final int EACH = 4;

    private static final Cleaner CLEANER = Cleaner.create();

    private final int most;
    private final AtomicInteger made = new AtomicInteger();
    private final Deque<ByteBuffer> idle = new ConcurrentLinkedDeque<>();

    /** @param bytes in all; what is asked for beyond goes the usual way */
    ReadBuffers(int bytes) {
        this.most = bytes / SIZE;
    }

    /** Gives a connection buffers of {@link #SIZE} from here, and all else from its own allocator. */
    ByteBufAllocator of(Channel channel) {
        return new Allocator(channel, channel.config().getAllocator());
    }

    /** How many there are. */
    int made() {
        return made.get();
    }

    /** How many of them nobody uses. */
    int idle() {
        return idle.size();
    }

    private @Nullable ByteBuffer take() {
        ByteBuffer memory = idle.poll();
        if (memory != null) {
            return memory;
        }
        if (made.incrementAndGet() > most) {
            made.decrementAndGet();
            return null;
        }
        ByteBuffer another = ByteBuffer.allocateDirect(SIZE);
        CLEANER.register(another, made::decrementAndGet);
        return another;
    }

    private final class Allocator extends AbstractByteBufAllocator {
        private final Channel channel;
        private final ByteBufAllocator others;
        private final AtomicInteger used = new AtomicInteger();
        private final AtomicBoolean stopped = new AtomicBoolean();

        Allocator(Channel channel, ByteBufAllocator others) {
            this.channel = channel;
            this.others = others;
        }

        @Override
        protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
            ByteBuffer memory = initialCapacity == SIZE ? take() : null;
            if (memory == null) {
                return others.directBuffer(initialCapacity, maxCapacity);
            }
            if (used.incrementAndGet() >= EACH) {
                // The last to come back finds it so: this one is not lent yet.
                stopped.set(true);
                channel.config().setAutoRead(false);
            }
            return new Lent(this, memory);
        }

        @Override
        protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
            return others.heapBuffer(initialCapacity, maxCapacity);
        }

        @Override
        public boolean isDirectBufferPooled() {
            return true;
        }

        private void back(ByteBuffer memory) {
            idle.push(memory);
            if (used.decrementAndGet() <= EACH / 2 && stopped.compareAndSet(true, false)) {
                channel.eventLoop().execute(() -> channel.config().setAutoRead(true));
            }
        }
    }

    private static final class Lent extends UnpooledDirectByteBuf {
        private final Allocator from;
        private final ByteBuffer memory;

        Lent(Allocator from, ByteBuffer memory) {
            super(from, memory, SIZE);
            this.from = from;
            this.memory = memory;
            clear();
        }

        @Override
        protected void deallocate() {
            super.deallocate();
            from.back(memory);
        }
    }
}
