package io.pantala.faults;

import io.netty.util.internal.PlatformDependent;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import javax.management.JMException;

/**
 * What this process holds in memory: objects that are in use, and buffers beside the heap, whether the virtual machine or
 * Netty has them.
 */
record HeldMemory(long bytes) {
    static HeldMemory now() throws JMException {
        long beside = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
        return new HeldMemory(LiveObjects.count().bytes() + beside + Math.max(0, PlatformDependent.usedDirectMemory()));
    }

    /** How much more that is. */
    long since(HeldMemory before) {
        return bytes - before.bytes;
    }
}
