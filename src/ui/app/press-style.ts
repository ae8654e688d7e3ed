/**
 * The press library writes a style of its own into the page, which the page's policy refuses. It leaves it out where an
 * element has its id; the rule itself stands in styles/index.css.
 */
const mark = document.createElement('meta');
mark.id = 'react-aria-pressable-style';
document.head.append(mark);
