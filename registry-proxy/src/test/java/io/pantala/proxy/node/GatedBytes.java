package io.pantala.proxy.node;

import io.pantala.registry.Bytes;

/** Bytes of which a registry can read only so much as a test has let through. */
final class GatedBytes implements Bytes {
    private final Bytes bytes;
    private long open;

    GatedBytes(byte[] bytes, long open) {
        this.bytes = Bytes.of(bytes);
        this.open = open;
    }

    synchronized void open(long more) {
        open = more;
        notifyAll();
    }

    void openAll() {
        open(size());
    }

    @Override
    public long size() {
        return bytes.size();
    }

    @Override
    public byte[] read(long from, int length) {
        synchronized (this) {
            while (from + length > open) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
        return bytes.read(from, length);
    }
}
