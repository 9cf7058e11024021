package io.pantala.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Hashes and writes one block as its bytes arrive. Nothing counts until {@link #complete()} says so. */
@SuppressWarnings("DoNotCallSuggester")
public final class BlockWriter implements AutoCloseable {
    BlockWriter() {}

    /** Takes all the buffer's bytes. An {@link IllegalStateException} when they are more than {@link #remaining()}. */
    public void write(ByteBuffer bytes) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Bytes still to come. */
    public int remaining() {
        throw new UnsupportedOperationException();
    }

    /** The block is held from now on, whatever its hash; for whoever gets it from the registry itself. */
    public byte[] complete() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The block is held from now on if its sha256 is the expected one. False: it isn't, and nothing was kept. */
    public boolean complete(byte[] expected) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Gives up what was not completed. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
