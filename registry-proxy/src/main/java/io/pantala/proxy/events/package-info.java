/** What happens in a node, as metrics and as lines of the log: one class for each listener of the logic. */
@NullMarked
package io.pantala.proxy.events;

import org.jspecify.annotations.NullMarked;
