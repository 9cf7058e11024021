package io.pantala.registry;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** What a {@link FakeRegistry} sends: bytes in memory, or more of them than fit there. */
public interface Bytes {
    long size();

    /** A copy of {@code length} bytes. */
    byte[] read(long from, int length);

    static Bytes of(byte[] bytes) {
        return new Bytes() {
            @Override
            public long size() {
                return bytes.length;
            }

            @Override
            public byte[] read(long from, int length) {
                return Arrays.copyOfRange(bytes, (int) from, (int) from + length);
            }
        };
    }

    /** Bytes without end that tell where they stand: eight-byte numbers, each that of its place. */
    static Bytes counting(long size) {
        return new Bytes() {
            @Override
            public long size() {
                return size;
            }

            @Override
            public byte[] read(long from, int length) {
                long first = from / Long.BYTES;
                int skip = (int) (from % Long.BYTES);
                ByteBuffer numbers = ByteBuffer.allocate(length + 2 * Long.BYTES);
                for (long number = first; numbers.remaining() >= Long.BYTES; number++) {
                    numbers.putLong(number);
                }
                return Arrays.copyOfRange(numbers.array(), skip, skip + length);
            }
        };
    }

    /** The bytes from {@code from} to before {@code to} alone. */
    default Bytes part(long from, long to) {
        Bytes whole = this;
        return new Bytes() {
            @Override
            public long size() {
                return to - from;
            }

            @Override
            public byte[] read(long start, int length) {
                return whole.read(from + start, length);
            }
        };
    }

    /** These with one bit turned. */
    default Bytes corruptAt(long position) {
        Bytes right = this;
        return new Bytes() {
            @Override
            public long size() {
                return right.size();
            }

            @Override
            public byte[] read(long from, int length) {
                byte[] bytes = right.read(from, length);
                if (position >= from && position < from + length) {
                    bytes[(int) (position - from)] ^= 1;
                }
                return bytes;
            }
        };
    }
}
