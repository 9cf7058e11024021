package io.pantala.transport.block;

import org.jspecify.annotations.Nullable;

/** Ends one fetch of a block from another thread; before it has begun, too. */
public final class Abort {
    private boolean aborted;
    private @Nullable Connection connection;

    /** The fetch comes to its end as {@link BlockOutcome.Aborted}, unless it is over. */
    public synchronized void now() {
        aborted = true;
        if (connection != null) {
            connection.close();
        }
    }

    /** False when nothing is to begin any more. */
    synchronized boolean begin(Connection over) {
        connection = over;
        return !aborted;
    }

    synchronized void end() {
        connection = null;
    }

    synchronized boolean isAborted() {
        return aborted;
    }
}
