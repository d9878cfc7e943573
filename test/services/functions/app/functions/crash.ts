import { http } from '../../../../../components/services/images/functions/api';

/** Throws where nobody catches. */
export default http(() => {
  setTimeout(() => {
    throw new Error('nobody catches this');
  });
  return new Response('answered');
});
